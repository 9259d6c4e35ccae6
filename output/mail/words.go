package mail

// words are what the mail says that is made where the folder has none.
type words struct {
	subject, title, body, button, attached, scan, unsubscribe string
	rightToLeft                                               bool
}

// inWords holds the words by language. English stands in for others.
var inWords = map[string]words{
	"en": {
		subject: "Your pass for Apple Wallet", title: "Your pass is ready", body: "Open it on your iPhone to keep it in Apple Wallet.",
		button: "Add to Apple Wallet", attached: "The pass is attached to this mail.", scan: "On a computer? Scan this code with your iPhone.",
		unsubscribe: "No more of these mails",
	},
	"de": {
		subject: "Ihr Pass für Apple Wallet", title: "Ihr Pass ist fertig", body: "Öffnen Sie ihn auf Ihrem iPhone, um ihn in Apple Wallet zu behalten.",
		button: "Zu Apple Wallet hinzufügen", attached: "Der Pass hängt an dieser Mail.", scan: "Am Computer? Scannen Sie diesen Code mit Ihrem iPhone.",
		unsubscribe: "Keine solchen Mails mehr",
	},
	"fr": {
		subject: "Votre carte pour Apple Wallet", title: "Votre carte est prête", body: "Ouvrez-la sur votre iPhone pour la garder dans Apple Wallet.",
		button: "Ajouter à Apple Wallet", attached: "La carte est jointe à ce message.", scan: "Sur un ordinateur ? Scannez ce code avec votre iPhone.",
		unsubscribe: "Ne plus recevoir ces messages",
	},
	"es": {
		subject: "Su tarjeta para Apple Wallet", title: "Su tarjeta está lista", body: "Ábrala en su iPhone para guardarla en Apple Wallet.",
		button: "Añadir a Apple Wallet", attached: "La tarjeta va adjunta a este correo.", scan: "¿En un ordenador? Escanee este código con su iPhone.",
		unsubscribe: "No recibir más estos correos",
	},
	"it": {
		subject: "La tua tessera per Apple Wallet", title: "La tua tessera è pronta", body: "Aprila sul tuo iPhone per conservarla in Apple Wallet.",
		button: "Aggiungi ad Apple Wallet", attached: "La tessera è allegata a questa mail.", scan: "Sei al computer? Scansiona questo codice con il tuo iPhone.",
		unsubscribe: "Non ricevere più queste mail",
	},
	"ja": {
		subject: "Apple Wallet用のパスのご案内", title: "パスの準備ができました", body: "iPhoneで開いて、Apple Walletに保存してください。",
		button: "Apple Walletに追加", attached: "パスはこのメールに添付されています。", scan: "パソコンをご利用の場合は、iPhoneでこのコードを読み取ってください。",
		unsubscribe: "今後このメールを受け取らない",
	},
	"ar": {
		subject: "بطاقتك في Apple Wallet", title: "بطاقتك جاهزة", body: "افتحها على iPhone لحفظها في Apple Wallet.",
		button: "إضافة إلى Apple Wallet", attached: "البطاقة مرفقة بهذه الرسالة.", scan: "هل تستخدم حاسوبًا؟ امسح هذا الرمز بجهاز iPhone.",
		unsubscribe: "عدم تلقي هذه الرسائل", rightToLeft: true,
	},
}

#!/usr/bin/env bash
# Measures passmill against two npm libraries; README.md says how and why.
#
#   testdata/peers/run.sh [PASSES] [ROUNDS] [SLOW]
#
# PASSES (2000) are made ROUNDS (5) times by each; passkit-generator, which is
# the slow one, makes only the first SLOW of them (all). TMPDIR chooses the disk;
# with KEEP=1 everything stays there.
set -euo pipefail

passes=${1:-2000} rounds=${2:-5}
slow=${3:-$passes}
((slow <= passes)) || slow=$passes
here=$(cd "$(dirname "$0")" && pwd)
for tool in go npm openssl unzip sha1sum /usr/bin/time; do
	command -v "$tool" >/dev/null || { echo "run.sh needs $tool" >&2; exit 1; }
done

tmp=$(mktemp -d "${TMPDIR:-/tmp}/passmill-peers-XXXXXX")
trap '[ -n "${KEEP:-}" ] || rm -rf "$tmp"' EXIT # only now: creating files after deletions is slow on ext4
export TZ=Europe/Berlin   # as the template says

say() { echo "$@" >&2; }

prepare() {
	say "building passmill"
	(cd "$here/../.." && CGO_ENABLED=0 go build -trimpath -o "$tmp/passmill" ./cmd/passmill)

	say "installing the peers and their Node"
	cp "$here"/*.mjs "$here"/package.json "$here"/package-lock.json "$tmp"
	(cd "$tmp" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
	node=$(readlink -f "$tmp/node_modules/.bin/node") # the binary itself

	say "making a pretend authority, an RSA-2048 certificate, a template and $passes rows"
	"$tmp/passmill" demo --dir "$tmp/demo" >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; exit 1; }
	workspace=$tmp/workspace
	mkdir "$workspace"
	cp "$tmp"/demo/pretend-apple/* "$workspace"
	"$tmp/passmill" template new storecard "$workspace/template" >/dev/null
	rm -r "$workspace"/template/*.lproj # the peers parse and write translations anew: not the same work
	local p12=(openssl pkcs12 -in "$workspace/pass.p12" -passin "file:$workspace/password.txt")
	"${p12[@]}" -clcerts -nokeys | openssl x509 -out "$workspace/cert.pem"
	"${p12[@]}" -cacerts -nokeys | openssl x509 -out "$workspace/wwdr.pem"
	"${p12[@]}" -nocerts -nodes | openssl rsa -out "$workspace/key.pem" 2>/dev/null
	rows >"$workspace/rows.csv"
	cat >"$workspace/job.yaml" <<-END
		name: peers
		template: template
		source: {file: rows.csv}
		serial: MemberID
		certificate: {p12: pass.p12, passwordFile: password.txt}
		output: {dir: out, name: "{hash:2}/{serial}.pkpass"}
	END
}

rows() {
	echo MemberID,FirstName,LastName,Email,Tier,Points,Balance,HomeStore,JoinedOn,ValidUntil
	awk -v n="$passes" 'BEGIN { for (i = 0; i < n; i++)
		printf "M-%07d,Given%d,Family%d,m%d@example.com,Gold,%d,%d.%02d,Kreuzberg,2020-05-17,\n",
			i, i % 977, i % 1009, i, i % 20000, i % 300, i % 100 }'
}

# measure VARIANT PASSES OUT COMMAND…: wall time of the whole command, CPU time
# of it and its children, peak memory of the largest of them.
measure() {
	local variant=$1 made=$2 out=$3 start end
	shift 3
	sync # what others have left for the disk is not this one's work
	start=${EPOCHREALTIME//[!0-9]/}
	/usr/bin/time -q -f '%U\t%S\t%M' -o "$tmp/time" "$@" >"$tmp/log" 2>&1 || { say "$variant failed:"; cat "$tmp/log" >&2; exit 1; }
	end=${EPOCHREALTIME//[!0-9]/}
	printf '%s\t%s\t%s\t%s\t%s\n' "$round" "$variant" "$made" $((end - start)) "$(cat "$tmp/time")" >>"$tmp/results"
	say "  $variant: $((made * 1000000 / (end - start))) passes/s"
	check "$variant" "$made" "$out"
}

# check VARIANT PASSES OUT: all passes are there, and of three of them OpenSSL
# takes the signature, and sha1sum the manifest.
check() {
	local files
	mapfile -t files < <(find "$3" -name '*.pkpass' | sort)
	[ "${#files[@]}" = "$2" ] || { say "$1 has made ${#files[@]} passes, not $2"; exit 1; }
	local file dir=$tmp/checked/$round-$1
	mkdir -p "$dir"
	for file in "${files[0]}" "${files[$2 / 2]}" "${files[-1]}"; do
		unzip -q -o "$file" -d "$dir"
		(
			cd "$dir"
			openssl cms -verify -binary -inform DER -in signature -content manifest.json \
				-CAfile "$workspace/root.pem" -purpose any -out /dev/null 2>"$tmp/log"
			grep -oE '"[^"]+" *: *"[0-9a-f]{40}"' manifest.json | sed -E 's/"([^"]+)" *: *"([^"]+)"/\2  \1/' | sha1sum -c --quiet
		) || { say "$1: $file is not good:"; cat "$tmp/log" >&2; exit 1; }
	done
}

# The variants: each gets the folder of the round.
passmill() {
	cp -r "$workspace" "$1/passmill" # a fresh workspace has a fresh ledger
	measure passmill "$passes" "$1/passmill/out" "$tmp/passmill" make "$1/passmill/job.yaml"
}

# peer LIBRARY PASSES PROCESSES ROUNDDIR
peer() {
	local name="$1 × $3" out="$4/$1-$3" drive=("$node" "$tmp/$1.mjs" "$workspace" "$4/$1-$3" "$2")
	if [ "$3" = 1 ]; then
		measure "$name" "$2" "$out" "${drive[@]}" 0 1
	else
		measure "$name" "$2" "$out" bash -c '"$@" 0 2 & "$@" 1 2 && wait $!' both "${drive[@]}"
	fi
}

pass_js_1() { peer pass-js "$passes" 1 "$1"; }
pass_js_2() { peer pass-js "$passes" 2 "$1"; }
passkit_1() { peer passkit-generator "$slow" 1 "$1"; }
passkit_2() { peer passkit-generator "$slow" 2 "$1"; }

prepare
variants=(passmill pass_js_2 pass_js_1 passkit_2 passkit_1)
backwards=(passkit_1 passkit_2 pass_js_1 pass_js_2 passmill)
for round in $(seq "$rounds"); do
	say "round $round of $rounds"
	mkdir "$tmp/round$round"
	order=("${variants[@]}")
	((round % 2)) || order=("${backwards[@]}")
	for variant in "${order[@]}"; do "$variant" "$tmp/round$round"; done
done

version() { "$node" -p "require('$tmp/node_modules/$1/package.json').version"; }
echo "$(nproc) × $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1); $(go version | cut -d' ' -f3); passmill $(cd "$here" && git describe --always --dirty 2>/dev/null || echo '?')"
echo "Node $("$node" -p process.versions.node) with OpenSSL $("$node" -p process.versions.openssl); @walletpass/pass-js $(version @walletpass/pass-js), passkit-generator $(version passkit-generator)"
"$node" "$tmp/table.mjs" "$tmp/results"

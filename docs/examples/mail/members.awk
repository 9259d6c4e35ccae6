# Writes the members as CSV: awk -v n=5000 -f members.awk > members.csv
BEGIN {
    split("Ingrid Mateo Zoë Björn Chloé Oluwaseun", given)
    split("Sørensen García Baker Müller Dvořák Şahin Weiß", family)
    split("Basic Silver Gold Platinum", tier)
    split("en de", language)
    print "MemberID,FirstName,LastName,Email,Language,Tier,Points"
    for (i = 1; i <= n; i++)
        printf "M%05d,%s,%s,member%d@example.com,%s,%s,%d\n", i, given[i % 6 + 1], family[i % 7 + 1], i, language[i % 2 + 1], tier[i % 3 + 1], i * 37 % 5000
}

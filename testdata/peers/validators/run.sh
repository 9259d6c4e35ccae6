#!/usr/bin/env bash
# Compares passmill's judgement of passes with that of two npm libraries;
# docs/validators.md says what came out.
#
#   testdata/peers/validators/run.sh            compare
#   testdata/peers/validators/run.sh -update    and write figures and table into the docs
#
# Prints how often each library agrees, and the disagreements below their
# explanations. The exit status is 1 if a disagreement is not explained in
# explained.tsv, or an explanation explains nothing. With KEEP=1 the passes and
# verdicts stay in TMPDIR.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
for tool in go npm; do
	command -v "$tool" >/dev/null || { echo "run.sh needs $tool" >&2; exit 1; }
done

tmp=$(mktemp -d "${TMPDIR:-/tmp}/passmill-validators-XXXXXX")
trap '[ -n "${KEEP:-}" ] && echo "kept in $tmp" >&2 || rm -rf "$tmp"' EXIT

echo "installing the peers and their Node" >&2
cp "$here"/*.mjs "$here"/../package.json "$here"/../package-lock.json "$tmp"
(cd "$tmp" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
node=$(readlink -f "$tmp/node_modules/.bin/node")

cd "$here" # where the cases are
go build -o "$tmp/validators" .
"$tmp/validators" cases >"$tmp/cases.jsonl"
"$tmp/validators" judge <"$tmp/cases.jsonl" >"$tmp/passmill.jsonl"
peers=()
for peer in passkit-generator pass-js; do
	"$node" "$tmp/$peer.mjs" <"$tmp/cases.jsonl" >"$tmp/$peer.jsonl"
	peers+=("$peer=$tmp/$peer.jsonl")
done

version() { "$node" -p "require('$tmp/node_modules/$1/package.json').version"; }
echo "passkit-generator $(version passkit-generator), @walletpass/pass-js $(version @walletpass/pass-js), Node $("$node" -p process.versions.node)"
echo
"$tmp/validators" compare "$@" "$tmp/passmill.jsonl" "${peers[@]}"

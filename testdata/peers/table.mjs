// Prints the table from the lines that run.sh has written:
// round, variant, passes, microseconds, CPU seconds (user, system), peak KiB.
import { readFileSync } from 'node:fs';

const variants = new Map(); // name -> one measurement per round
for (const line of String(readFileSync(process.argv[2])).trim().split('\n')) {
  const [, variant, passes, wall, user, system, peak] = line.split('\t').map((s, i) => (i === 1 ? s : Number(s)));
  const rounds = variants.get(variant) ?? variants.set(variant, []).get(variant);
  rounds.push({ rate: (passes * 1e6) / wall, cpu: ((user + system) * 1e3) / passes, peak: peak / 1024, passes });
}

// spread is the median, and the smallest and the largest of more than one.
function spread(values, digits) {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  const show = x => x.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${show(median)} [${show(sorted[0])}..${show(sorted.at(-1))}]`;
}

const own = variants.get('passmill');
console.log(`Median [minimum..maximum] of ${own.length} rounds; ratios are of the pairs of each round.\n`);
console.log('| | passes | passes/s | ms CPU/pass | peak MiB of a process | passmill is × as fast | CPU of it / of passmill |');
console.log('|---|---|---|---|---|---|---|');
for (const [name, rounds] of variants) {
  const ratio = of => (rounds === own ? '1' : spread(rounds.map((r, i) => of(own[i], r)), 2));
  const digits = Math.min(...rounds.map(r => r.rate)) < 100 ? 1 : 0;
  console.log('| ' + [
    name, rounds[0].passes, spread(rounds.map(r => r.rate), digits), spread(rounds.map(r => r.cpu), 2),
    spread(rounds.map(r => r.peak), 0), ratio((a, b) => a.rate / b.rate), ratio((a, b) => b.cpu / a.cpu),
  ].join(' | ') + ' |');
}

// What the drivers of both libraries share: each answers the passes of standard
// input, one JSON value a line, with verdicts.
import { deflateSync, crc32 } from 'node:zlib';
import { createInterface } from 'node:readline';

// answer calls validate with the text of each pass. It returns the pass.json
// that the library would write, or throws; what it writes to the console
// meanwhile counts as thrown too, since the libraries leave out what they
// don't like and say so there only.
export async function answer(validate) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, pass } = JSON.parse(line);
    const messages = [];
    for (const level of ['log', 'warn', 'error']) console[level] = (...args) => messages.push(oneLine(args));
    let written;
    try {
      written = await validate(pass);
    } catch (error) {
      if (!messages.length) messages.push(oneLine([error])); // else it follows from what was said
    }
    const verdict = messages.length ? { verdict: 'refused', messages } : { verdict: 'ok', changed: changes(parse(pass), written) };
    process.stdout.write(JSON.stringify({ id, ...verdict }) + '\n');
  }
}

const oneLine = args => args.map(a => (a instanceof Error ? `${a.name}: ${a.message}` : String(a))).join(' ').replace(/\s+/g, ' ');

// parse returns nothing for what one of the libraries reads and JSON.parse
// doesn't: comments.
function parse(pass) {
  try {
    return JSON.parse(pass);
  } catch {
    return {};
  }
}

// changes names the keys of a pass that are gone from the one that was written,
// or are there with another value. Not named are keys that the library adds, and
// dates that it writes in another form.
function changes(before, after, path = '') {
  if (Object.is(before, after) || sameDate(before, after)) return [];
  if (typeof before !== 'object' || typeof after !== 'object' || !before || !after || Array.isArray(before) !== Array.isArray(after)) return [path];
  return Object.keys(before).flatMap(key => {
    const here = Array.isArray(before) ? `${path}[${key}]` : path ? `${path}.${key}` : key;
    return key in after ? changes(before[key], after[key], here) : [here];
  });
}

// sameDate reports whether two complete dates, with a zone, are the same moment.
const sameDate = (a, b) => [a, b].every(complete) && Date.parse(a) === Date.parse(b);

function complete(s) {
  const day = /^(\d{4}-\d\d-\d\d)T[\d:.]+(Z|[+-]\d\d:\d\d)$/.exec(s)?.[1];
  return Boolean(day) && new Date(day).getUTCDate() === Number(day.slice(8)); // JavaScript has a 31 February
}

// png returns a picture of one colour.
export function png(width, height) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits of a pixel, which is grey
  const rows = Buffer.alloc((width + 1) * height);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4), sum = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

export const images = { 'icon.png': png(29, 29), 'icon@2x.png': png(58, 58), 'logo.png': png(160, 50), 'logo@2x.png': png(320, 100) };

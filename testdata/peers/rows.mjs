// What both drivers share: the rows of the CSV file, the content of a row's
// pass.json, the images, and where the passes go. It is written to cost the
// peers as little as it can: 30 µs a pass, about 2 % of what the faster one takes.
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// The command line of a driver: the workspace, the folder to write to (which
// must not exist), how many rows to take, and which of how many parts of them.
const [workspace, out, limit, part, parts] = process.argv.slice(2);

export const read = name => readFileSync(join(workspace, name));
export const pem = { certificate: String(read('cert.pem')), key: String(read('key.pem')), wwdr: String(read('wwdr.pem')) };

// rows yields the rows of this part. The file has neither quotes nor empty
// lines, so no CSV library is measured along.
export function* rows() {
  const [header, ...lines] = String(read('rows.csv')).trimEnd().split('\n');
  const names = header.split(',');
  for (let i = Number(part); i < Math.min(lines.length, limit); i += Number(parts)) {
    const cells = lines[i].split(',');
    yield Object.fromEntries(names.map((name, j) => [name, cells[j]]));
  }
}

// images returns the template's images by their names.
export function images() {
  const names = readdirSync(join(workspace, 'template')).filter(name => name.endsWith('.png'));
  return Object.fromEntries(names.map(name => [name, read(join('template', name))]));
}

const template = JSON.parse(read('template/template.json'));
const subject = new X509Certificate(pem.certificate).subject;
const ofSubject = name => subject.match(new RegExp(`^${name}=(.*)$`, 'm'))[1];

// What is the same in every pass, beside the template.
const identity = { formatVersion: 1, passTypeIdentifier: ofSubject('UID'), teamIdentifier: ofSubject('OU') };

// content returns the pass.json of a row, as an object of its own.
export const content = row => ({ ...identity, serialNumber: row.MemberID, ...fill(template, row) });

// fill puts the row's values in the place of $$Name. As in passmill, a key
// without a value goes, and so does a field whose value is empty.
function fill(node, row) {
  if (Array.isArray(node))
    return node.map(item => fill(item, row)).filter(item => item !== undefined);
  if (typeof node === 'object') {
    const filled = {};
    for (const key in node) {
      const value = fill(node[key], row);
      if (value !== undefined) filled[key] = value;
    }
    if ('value' in node) {
      if (!('value' in filled)) return undefined;
      if (node.numberStyle || node.currencyCode) filled.value = Number(filled.value);
      if (node.dateStyle) filled.value += 'T00:00:00+02:00'; // the rows' dates are of the summer
    }
    return filled;
  }
  if (typeof node !== 'string' || !node.includes('$$')) return node;
  return node.replace(/\$\$(\w+)/g, (_, name) => row[name]) || undefined;
}

for (let i = 0; i < 256; i++) mkdirSync(join(out, folder(i)), { recursive: true });

function folder(i) {
  return (i % 256).toString(16).padStart(2, '0');
}

// write writes a pass to one of 256 folders, as passmill's job does. It waits
// for the write, but nothing asks the disk to keep it (passmill does).
export const write = (serial, pass) =>
  writeFileSync(join(out, folder(Number(serial.slice(2))), `${serial}.pkpass`), pass);

// Makes passes with passkit-generator (MIT), in the way that its README calls
// "buffer model": images and certificates are read once. The library parses
// the certificates and the key again for every pass; its API has no other way.
import { PKPass } from 'passkit-generator';
import { content, images, pem, rows, write } from './rows.mjs';

const certificates = { signerCert: pem.certificate, signerKey: pem.key, wwdr: pem.wwdr };
const shared = images();

for (const row of rows()) {
  const pass = new PKPass({ ...shared, 'pass.json': Buffer.from(JSON.stringify(content(row))) }, certificates);
  write(row.MemberID, pass.getAsBuffer());
}

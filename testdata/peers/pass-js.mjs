// Makes passes with @walletpass/pass-js (AGPL; only run, never part of
// passmill): one template holds certificate, key and images, and each row
// makes a pass from it. Template.load would read each image from the disk for
// every pass, so they are added as buffers.
import { content, images, pem, rows, write } from './rows.mjs';

process.env.APPLE_WWDR_CERT_PEM = pem.wwdr; // looked at when the library is loaded
const { Template } = await import('@walletpass/pass-js');

const template = new Template('storeCard', {});
template.setCertificate(pem.certificate);
template.setPrivateKey(pem.key);
for (const [name, data] of Object.entries(images())) {
  const { imageType, density } = template.images.parseFilename(name);
  await template.images.add(imageType, data, density);
}

for (const row of rows()) {
  const pass = template.createPass(content(row));
  write(row.MemberID, await pass.asBuffer());
}

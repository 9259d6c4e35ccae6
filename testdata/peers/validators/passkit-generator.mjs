// Asks passkit-generator (MIT) by making each pass to the end, as its README
// says: its schemas see pass.json and then each field, and the last checks come
// when the pass is closed. The certificate is made here and signs nothing that
// is kept.
import forge from 'node-forge';
import { PKPass } from 'passkit-generator';
import { answer, images } from './stream.mjs';

const certificates = pretend();

await answer(text => {
  const pass = new PKPass({ ...images, 'pass.json': Buffer.from(text) }, certificates);
  return JSON.parse(pass.getAsRaw()['pass.json']);
});

function pretend() {
  const keys = forge.pki.rsa.generateKeyPair(1024); // short, since each pass is signed
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = '01';
  certificate.validity.notAfter.setFullYear(certificate.validity.notBefore.getFullYear() + 1);
  certificate.setSubject([{ name: 'commonName', value: 'Pretend' }]);
  certificate.setIssuer([{ name: 'commonName', value: 'Pretend' }]);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  const pem = forge.pki.certificateToPem(certificate);
  return { signerCert: pem, signerKey: forge.pki.privateKeyToPem(keys.privateKey), wwdr: pem };
}

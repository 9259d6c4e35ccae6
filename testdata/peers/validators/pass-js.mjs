// Asks @walletpass/pass-js (AGPL; only run, never part of passmill) by reading
// each pass as a bundle, which its setters check, and validating a pass made of
// it: all that the library does before it signs.
import { toBuffer } from 'do-not-zip';
import { Template } from '@walletpass/pass-js';
import { answer, images } from './stream.mjs';

await answer(async text => {
  const files = { ...images, 'pass.json': Buffer.from(text) };
  const template = await Template.fromBuffer(toBuffer(Object.entries(files).map(([path, data]) => ({ path, data }))));
  const pass = template.createPass();
  pass.validate();
  return JSON.parse(JSON.stringify(pass));
});

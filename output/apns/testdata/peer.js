// A push server on Node's HTTP/2, which shares nothing with ours. It takes a few
// streams at a time, sends each session away after some, and prints what it gets as
// one JSON object on each line: node peer.js PEM STREAMS PUSHES
'use strict';
const fs = require('fs');
const http2 = require('http2');

const [pem, streams, pushes] = [fs.readFileSync(process.argv[2]), Number(process.argv[3]), Number(process.argv[4])];
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const server = http2.createSecureServer({
  key: pem, cert: pem, requestCert: true, rejectUnauthorized: false, settings: { maxConcurrentStreams: streams },
});
server.on('session', (session) => {
  session.left = pushes;
  say({ session: true, subject: session.socket.getPeerCertificate().subject });
});
let open = 0;
server.on('stream', (stream, headers) => {
  open++;
  let body = '';
  stream.on('data', (data) => { body += data; });
  stream.on('end', () => {
    // The answer comes a little later, so that streams meet.
    setTimeout(() => {
      say({ headers, body, open });
      open--;
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'apns-id': 'eabeae54-14a8-11e5-b60b-1697f925ec7b' });
      stream.end();
      if (--stream.session.left === 0) stream.session.close(); // GOAWAY, and the end after what is under way
    }, 2);
  });
});
server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
process.stdin.on('end', () => process.exit(0)).resume();

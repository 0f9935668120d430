// The provider that the tests sign in at. Started by tests/oidc_kit.py, which sets
//   CLIENT_ID, CLIENT_SECRET, REDIRECT_URI   of the one client it knows
//   ACCOUNTS                                 {"login": {"name": …, "id_number": …}}
// It prints one line with its address when it answers. Its own login form takes any password. POST /rotate makes it
// sign with fresh keys from then on, as providers do from time to time.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, ACCOUNTS } = process.env;
const accounts = JSON.parse(ACCOUNTS);

function key() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function provider(issuer) {
  const made = new Provider(issuer, {
    clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT_URI] }],
    jwks: { keys: [key()] },
    cookies: { keys: [randomUUID()] },
    claims: { openid: ['sub'], profile: ['name', 'id_number', 'wechat_openid'] },
    ttl: { IdToken: 120, AuthorizationCode: 60, AccessToken: 120, Interaction: 600, Session: 600, Grant: 600 },
    pkce: { required: () => true },
    findAccount: (_, login) => ({ accountId: login, claims: () => ({ sub: login, ...accounts[login] }) }),
  });
  return made.callback();
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let answer = provider(issuer);
  server.on('request', (request, response) => {
    if (request.method === 'POST' && request.url === '/rotate') {
      answer = provider(issuer);
      response.writeHead(204).end();
    } else answer(request, response);
  });
  console.log(issuer);
});
// The tests hold our standard input; when they are gone, so are we.
process.stdin.on('end', () => process.exit()).resume();

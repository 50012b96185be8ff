// openid-client as the application that patients log in to: one JSON command a line in, one answer a line out.
// `begin` gives the address to send the browser to; `finish` takes the address that the browser came back to.
import { createInterface } from 'node:readline';
import * as openid from 'openid-client';

const [url, clientId, redirectUri] = process.argv.slice(2);
const config = await openid.discovery(new URL(url), clientId, undefined, openid.None(), {
  execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
});

const commands = {
  // The metadata that the library read and checked.
  async metadata() {
    return config.serverMetadata();
  },
  async begin({ changes }) {
    const verifier = openid.randomPKCECodeVerifier();
    const state = openid.randomState();
    const nonce = openid.randomNonce();
    const parameters = {
      redirect_uri: redirectUri,
      scope: 'openid',
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...changes,
    };
    for (const name of Object.keys(parameters)) {
      if (parameters[name] === null) delete parameters[name];
    }
    return { url: openid.buildAuthorizationUrl(config, parameters).href, verifier, state, nonce };
  },
  async finish({ back, verifier, state, nonce }) {
    const tokens = await openid.authorizationCodeGrant(config, new URL(back), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    return { ...tokens, claims: tokens.claims() };
  },
  async user({ token, subject }) {
    return openid.fetchUserInfo(config, token, subject);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { value: await commands[question.command](question) };
  } catch (error) {
    answer = { refused: error.error ?? error.code ?? error.message, status: error.status ?? null };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

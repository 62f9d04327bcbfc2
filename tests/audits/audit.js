// The audits of GraphQL over HTTP, one after the other, against the URL that is given; fails unless all of them are ok.
import { serverAudits } from "graphql-http";

const EXPECTED = 61;

const audits = serverAudits({ url: process.argv[2] });
const counts = { ok: 0, notice: 0, warn: 0, error: 0 };
for (const audit of audits) {
  const { status, id, name, reason } = await audit.fn();
  counts[status] += 1;
  console.log(`${status.padEnd(6)} ${id} ${name}${reason ? ` | ${reason}` : ""}`);
}
console.log(`${counts.ok} of ${audits.length} audits are ok (notices ${counts.notice}, warnings ${counts.warn}, errors ${counts.error})`);
if (audits.length !== EXPECTED) console.log(`there should be ${EXPECTED} audits`);
process.exit(counts.ok === EXPECTED && audits.length === EXPECTED ? 0 : 1);

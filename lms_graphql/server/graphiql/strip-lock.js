// Part of `npm run lock`: takes the funding links out of package-lock.json. Nothing reads them, and they name people and hosts.
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const entry of Object.values(lock.packages)) delete entry.funding;
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);

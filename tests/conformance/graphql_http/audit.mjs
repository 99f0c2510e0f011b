// Runs every audit against the address given and prints one JSON object per line.
import { serverAudits } from 'graphql-http';

for (const { id, name, fn } of serverAudits({ url: process.argv[2] })) {
  const result = await fn();
  console.log(JSON.stringify({ id, name, status: result.status, reason: result.reason }));
}

#!/usr/bin/env node
import { swpVersion } from '../core/version.js';

const [first, ...rest] = process.argv.slice(2);
if ((first === '--version' || first === '-V') && rest.length === 0) {
  process.stdout.write(`${swpVersion()}\n`);
} else {
  // Everything else is loaded only now: asking for the version must cost no more than starting Node.
  const { run } = await import('./program.js');
  process.exitCode = await run(process.argv.slice(2));
  // The SDK's native runtime keeps a process alive when a worker failed before it had a connection. What is
  // still to be written gets a moment; an idle process has ended long before.
  setTimeout(() => process.exit(), 1000).unref();
}

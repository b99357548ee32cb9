#!/usr/bin/env node
import { swpVersion } from '../core/version.js';

const [first, ...rest] = process.argv.slice(2);
if ((first === '--version' || first === '-V') && rest.length === 0) {
  process.stdout.write(`${swpVersion()}\n`);
} else {
  // Load everything else only now: `--version` must cost no more than the start of Node.
  const { run } = await import('./program.js');
  process.exitCode = await run(process.argv.slice(2));
  // The SDK's native runtime keeps a process alive if a worker fails before it has a connection. The delay lets pending
  // output drain; an idle process ends earlier by itself.
  setTimeout(() => process.exit(), 1000).unref();
}

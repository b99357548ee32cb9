import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test, vi } from 'vitest';
import { supervise, type Supervised } from '../../core/supervise.js';
import { projectRoot } from '../../dev/temporal/project.js';

const running: Supervised[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.stop()));
});

const runNode = (script: string, options: Parameters<typeof supervise>[2] = {}): Supervised => {
  const program = supervise(process.execPath, ['-e', script], options);
  running.push(program);
  return program;
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const FOREVER = 'setInterval(() => {}, 1000); console.log("up");';

const waitUntilUp = (program: Supervised): Promise<void> => vi.waitFor(() => expect(program.output()).toContain('up'), 10_000);

test('the exit code of the program is passed on', async () => {
  expect(await runNode('process.exit(7)').exited).toBe(7);
});

test('a program that a signal ended has exit code 128 plus the signal', async () => {
  const program = runNode(FOREVER);
  process.kill((await program.started)!, 'SIGKILL');
  expect(await program.exited).toBe(137);
});

test('a program that does not exist has exit code 127 and the reason as its output', async () => {
  const program = supervise('/nonexistent/program', []);
  expect(await program.started).toBeUndefined();
  expect(await program.exited).toBe(127);
  expect(program.output()).toBe('spawn /nonexistent/program ENOENT');
});

test('stopping ends the program with SIGTERM', async () => {
  const program = runNode('process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1000); console.log("up");');
  await waitUntilUp(program);
  expect(await program.stop()).toBe(5);
});

test('stopping kills a program that ignores SIGTERM', async () => {
  const program = runNode(`process.on("SIGTERM", () => {}); ${FOREVER}`, { graceMs: 50 });
  await waitUntilUp(program);
  expect(await program.stop()).toBe(137);
});

test('a child of the program ends with it', async () => {
  const program = runNode(`
    const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(FOREVER)}], { stdio: 'ignore' });
    console.log('child', child.pid); ${FOREVER}`);
  await waitUntilUp(program);
  const child = Number(/child (\d+)/.exec(program.output())![1]);
  expect(isAlive(child)).toBe(true);
  await program.stop();
  await vi.waitFor(() => expect(isAlive(child)).toBe(false), 10_000);
});

test('output is labelled with its stream', async () => {
  const seen: [string, string][] = [];
  const program = runNode('console.log("a"); console.error("b");', { onOutput: (text, stream) => seen.push([stream, text.trim()]) });
  await program.exited;
  expect(seen.toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual([
    ['stderr', 'b'],
    ['stdout', 'a'],
  ]);
});

test('a program that writes more than a pipe holds does not block', async () => {
  const program = runNode('process.stdout.write("x".repeat(1_000_000) + "end", () => process.exit(0));');
  expect(await program.exited).toBe(0);
  expect(program.output()).toMatch(/x{4000}end$/);
});

test('the program gets only the given environment', async () => {
  const program = runNode('console.log(process.env.COLOUR, process.env.PATH)', { env: { COLOUR: 'red' } });
  await program.exited;
  expect(program.output()).toBe('red undefined');
});

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('the program ends when its parent ends by %s', async (signal) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'swp-supervise-'));
  const root = projectRoot();
  await execa(path.join(root, 'node_modules/.bin/tsc'), [
    path.join(root, 'core/supervise.ts'),
    '--ignoreConfig',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--typeRoots',
    path.join(root, 'node_modules/@types'),
    '--skipLibCheck',
    '--outDir',
    directory,
  ]);
  await writeFile(path.join(directory, 'package.json'), '{"type":"module"}');
  const starter = path.join(directory, 'starter.js');
  await writeFile(
    starter,
    `import { supervise } from './supervise.js'; console.log(await supervise(process.execPath, ['-e', ${JSON.stringify(FOREVER)}]).started);`,
  );
  const parent = spawn(process.execPath, [starter], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(line);
    expect(isAlive(pid)).toBe(true);
    parent.kill(signal);
    await once(parent, 'exit');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000);
  } finally {
    parent.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  }
});

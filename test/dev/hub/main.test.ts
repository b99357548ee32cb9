import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { projectRoot } from '../../../dev/temporal/project.js';
import { makeDirectory, ndjson, WRITER } from './hub-fixture.js';

const PROGRAM = join(projectRoot(), 'dist', 'dev', 'hub', 'main.js');

const start = async (settings: object) => {
  const hub = spawn(process.execPath, [PROGRAM, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void hub.kill('SIGKILL'));
  const [line] = z.tuple([z.string()]).parse(await once(createInterface(hub.stdout), 'line'));
  const { url } = z.object({ url: z.url() }).parse(JSON.parse(line));
  const send = async (path: string, value: unknown): Promise<unknown> => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${WRITER.token}` };
    const response = await fetch(url + path, { method: 'POST', headers, body: typeof value === 'string' ? value : JSON.stringify(value) });
    return response.json();
  };
  const get = async (path: string): Promise<unknown> => (await fetch(url + path)).json();
  return { hub, url, send, get };
};

describe('the hub as a process', () => {
  it('accepts scripted faults over HTTP, and keeps commits when it is killed', async () => {
    const directory = join(await makeDirectory(), 'hub');
    await mkdir(directory);
    const first = await start({ directory, tokens: [WRITER] });
    await first.send('/api/repos/create', { name: 'tiny', organization: 'Skulk' });
    await first.send('/__dev__/faults', [{ operation: 'commit', fault: { kind: 'hold-after', gate: 'killed' } }]);
    const unanswered = first.send('/api/models/Skulk/tiny/commit/main', ndjson(['header', { summary: 'before the kill' }]));
    unanswered.catch(() => undefined);
    await vi.waitUntil(async () => z.array(z.unknown()).parse(await first.get('/api/models/Skulk/tiny/commits/main')).length === 2);
    expect(await first.get('/__dev__/requests')).toContainEqual(expect.objectContaining({ operation: 'commit', authorization: true }));
    first.hub.kill('SIGKILL');
    await expect(unanswered).rejects.toThrow('fetch failed');

    const second = await start({ directory, tokens: [WRITER], port: Number(new URL(first.url).port) });
    expect(second.url).toBe(first.url);
    expect(await second.get('/api/models/Skulk/tiny/commits/main')).toMatchObject([
      { title: 'before the kill' },
      { title: 'initial commit' },
    ]);
    second.hub.kill('SIGTERM');
    expect(await once(second.hub, 'exit')).toEqual([0, null]);
  });
});

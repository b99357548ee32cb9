import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WorkerProcess } from '../support/worker-process.js';
import { TestEnvironment } from '../support/test-environment.js';

let testEnvironment: TestEnvironment;
let chat: Server;
let isUnavailable = true;
let requests = 0;
const delivered: string[] = [];
beforeEach(async () => {
  chat = createServer((request, response) => {
    void text(request).then((body) => {
      requests += 1;
      if (!isUnavailable) delivered.push(body);
      response.writeHead(isUnavailable ? 503 : 200).end();
    });
  }).listen(0, '127.0.0.1');
  await once(chat, 'listening');
  testEnvironment = await TestEnvironment.open('notify-kill', { workers: false });
});
const workers: WorkerProcess[] = [];
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await testEnvironment.close();
  chat.closeAllConnections();
  chat.close();
});

const start = async (role: 'control' | 'highmem'): Promise<WorkerProcess> => {
  const webhook = `http://127.0.0.1:${(chat.address() as AddressInfo).port}/hook`;
  const worker = await WorkerProcess.start(role, { ...testEnvironment.workerEnv(role), SWP_WEBHOOK: webhook });
  workers.push(worker);
  return worker;
};

it('a notification is delivered although the control worker is killed before the chat accepts it', async () => {
  const [control] = await Promise.all([start('control'), start('highmem')]);
  await testEnvironment.start();
  await expect.poll(() => requests, { timeout: 30_000 }).toBeGreaterThan(0);
  await control.kill();
  isUnavailable = false;
  await start('control');
  await expect.poll(() => delivered, { timeout: 60_000 }).toEqual([expect.stringContaining('waits for approval')]);
}, 120_000);

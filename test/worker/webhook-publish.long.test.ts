import { afterEach, describe, expect, it } from 'vitest';
import { TestEnvironment } from '../support/test-environment.js';
import { Chat, status, type Answer } from './chat.js';

let chat: Chat;
afterEach(() => chat.close());

describe('a publish with a webhook', () => {
  let testEnvironment: TestEnvironment;
  afterEach(() => testEnvironment.close());

  it('retries a notification until its chat accepts it', async () => {
    chat = await Chat.open(status(503), (response) => void response.destroy());
    testEnvironment = await TestEnvironment.open('webhook', { webhook: chat.url });
    await testEnvironment.start();
    await expect.poll(() => chat.received, { timeout: 40_000 }).toEqual([expect.stringContaining('waits for approval')]);
    expect(chat.requests).toBe(3);
  }, 60_000);

  it('ends published although its chat hangs', async () => {
    chat = await Chat.open(...Array.from({ length: 9 }, (): Answer => () => undefined));
    testEnvironment = await TestEnvironment.open('webhook', { webhook: chat.url });
    await testEnvironment.start();
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  });
});

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type Answer = (response: ServerResponse) => void;
const ok: Answer = (response) => response.end('ok');
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end();

/** A chat server that gives these answers in turn, and then accepts every message. */
export class Chat {
  readonly received: string[] = [];
  requests = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(...answers: Answer[]): Promise<Chat> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        chat.requests += 1;
        const answer = answers.shift() ?? ok;
        if (answer === ok) chat.received.push((JSON.parse(body) as { text: string }).text);
        answer(response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const chat: Chat = new Chat(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/secret-path`);
    return chat;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

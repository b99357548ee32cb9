import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { readJson } from './http/body.js';
import { json, Refusal, type TextReply } from './http/reply.js';
import type { RequestLog } from './http/request-log.js';
import { sendResponse } from './http/send.js';
import { FaultRule, type FaultScript } from './script-faults.js';

const PREFIX = '/__dev__/';

export const isForDevEndpoint = (request: IncomingMessage): boolean => (request.url ?? '').startsWith(PREFIX);

/**
 * Returns the endpoint for tests in another process: `POST faults` with a list of rules, `DELETE faults`, `POST release` with
 * `{gate}`, `GET requests`. A POST must be JSON, so that no web page can reach the endpoint with a plain form.
 */
export const createDevEndpoint = (script: FaultScript, log: RequestLog) => {
  const handle = async (request: IncomingMessage): Promise<TextReply> => {
    const isJson = request.headers['content-type'] === 'application/json';
    const operation = `${request.method} ${(request.url ?? '').slice(PREFIX.length)}`;
    if (request.method === 'POST' && !isJson) return json(415, { error: 'send application/json' });
    switch (operation) {
      case 'POST faults':
        script.add(await readJson(request, z.array(FaultRule)));
        return json(200, {});
      case 'DELETE faults':
        script.clear();
        return json(200, {});
      case 'POST release':
        script.release((await readJson(request, z.object({ gate: z.string() }))).gate);
        return json(200, {});
      case 'GET requests':
        return json(200, log.records);
      default:
        return json(404, { error: `no ${operation} here` });
    }
  };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let reply: TextReply;
    try {
      reply = await handle(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reply = error.reply;
    }
    await sendResponse(response, { ...reply, body: Readable.from([Buffer.from(reply.body)]) });
  };
};

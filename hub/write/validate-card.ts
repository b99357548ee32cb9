import { z } from 'zod';
import { sanitizeLine } from '../../core/text.js';
import { attempt, hubUrl, jsonBody, parseAnswer, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { drain } from '../read-body.js';
import { retrying } from '../retry.js';

const Complaint = z.object({ message: z.string() }).transform(({ message }) => sanitizeLine(message, 300));
const Answer = z.object({ errors: z.array(Complaint).catch([]), warnings: z.array(Complaint).catch([]) });

/** Statuses of servers without this endpoint. */
const ABSENT = new Set([404, 405, 501]);

/** The Hub's findings for a card's YAML; with an error, it would refuse the commit. */
export type CardVerdict = z.infer<typeof Answer>;

/** Requests the Hub to validate a model card. Returns no findings for a server without this endpoint. */
export const validateCard = async (hub: Hub, card: string, { signal }: CallOptions): Promise<CardVerdict> => {
  const request = {
    method: 'POST',
    url: hubUrl(hub, '/api/validate-yaml'),
    signal,
    ...jsonBody({ content: card, repoType: 'model' }),
  } as const;
  return retrying(hub, signal, async () => {
    // A 400 answer has the same format as a 200 answer, which can contain warnings.
    const answer = await attempt(hub, request, (status) => status === 200 || status === 400 || ABSENT.has(status));
    if (!ABSENT.has(answer.status)) return parseAnswer(hub, request, answer, Answer);
    drain(answer.body);
    return { errors: [], warnings: [] };
  });
};

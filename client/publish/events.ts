import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { Client } from '@temporalio/client';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
export type HistoryEvent = NonNullable<History['events']>[number];

/** Reads the history of a workflow. It needs no running worker, and also works after the workflow has ended. */
export const readEvents = async (client: Client, workflowId: string, runId?: string): Promise<readonly HistoryEvent[]> =>
  (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];

/** Returns the first argument or the result that an event carries; undefined if it carries none. */
export const firstPayload = (payloads: { readonly payloads?: Payload[] | null } | null | undefined): unknown => {
  const payload = payloads?.payloads?.[0];
  return payload === undefined ? undefined : defaultPayloadConverter.fromPayload(payload);
};

interface ProtoTime {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

/** Converts a duration of the protocol, or a time since the epoch, to milliseconds. */
export const millisecondsOf = ({ seconds, nanos }: ProtoTime): number => Number(seconds ?? 0) * 1000 + Math.floor((nanos ?? 0) / 1e6);

/** Returns the time at which an event was recorded. */
export const timeOf = ({ eventTime }: HistoryEvent): Date => new Date(millisecondsOf(eventTime ?? {}));

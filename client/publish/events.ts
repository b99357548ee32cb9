import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { Client } from '@temporalio/client';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
export type HistoryEvent = NonNullable<History['events']>[number];

/** Everything that was recorded of a workflow: it can be read while no worker is up, and long after. */
export const readEvents = async (client: Client, workflowId: string, runId?: string): Promise<readonly HistoryEvent[]> =>
  (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];

/** The first argument or the result that an event carries; undefined where it carries none. */
export const firstPayload = (payloads: { readonly payloads?: Payload[] | null } | null | undefined): unknown => {
  const payload = payloads?.payloads?.[0];
  return payload === undefined ? undefined : defaultPayloadConverter.fromPayload(payload);
};

interface ProtoTime {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

/** A duration of the protocol, or a time since the epoch. */
export const millisecondsOf = ({ seconds, nanos }: ProtoTime): number => Number(seconds ?? 0) * 1000 + Math.floor((nanos ?? 0) / 1e6);

/** When an event was recorded. */
export const timeOf = ({ eventTime }: HistoryEvent): Date => new Date(millisecondsOf(eventTime ?? {}));

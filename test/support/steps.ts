import type { TemporalClient } from '../../temporal/connect-client.js';

/** Events of a workflow that tell of its activities, with the activity's name. */
const activityEvents = async ({ client }: TemporalClient, id: string) => {
  const { events } = await client.workflow.getHandle(id).fetchHistory();
  const all = events ?? [];
  const nameOf = new Map(all.map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes?.activityType?.name ?? '']));
  return { all, nameOf };
};

/** How often each activity was begun anew: a step that is done again after a crash is one schedule with two attempts. */
export const scheduledSteps = async (temporal: TemporalClient, id: string): Promise<Record<string, number>> => {
  const { nameOf } = await activityEvents(temporal, id);
  const names = [...nameOf.values()].filter((name) => name !== '');
  return Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((other) => other === name).length]));
};

/** Attempts that each activity took to succeed. */
export const attemptsOfSteps = async (temporal: TemporalClient, id: string): Promise<Record<string, number>> => {
  const { all, nameOf } = await activityEvents(temporal, id);
  return Object.fromEntries(
    all.flatMap(({ activityTaskStartedEventAttributes: started }) =>
      started ? [[nameOf.get(String(started.scheduledEventId)) ?? '', started.attempt ?? 0]] : [],
    ),
  );
};

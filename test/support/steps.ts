import type { TemporalClient } from '../../temporal/connect-client.js';

/** The events of a workflow, and the name of the activity that each event schedules. */
const activityEvents = async ({ client }: TemporalClient, id: string) => {
  const { events } = await client.workflow.getHandle(id).fetchHistory();
  const all = events ?? [];
  const nameOf = new Map(all.map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes?.activityType?.name ?? '']));
  return { all, nameOf };
};

/** Number of times that each activity was scheduled. A step that is repeated after a crash is scheduled once and has two attempts. */
export const scheduledSteps = async (temporal: TemporalClient, id: string): Promise<Record<string, number>> => {
  const { nameOf } = await activityEvents(temporal, id);
  const names = [...nameOf.values()].filter((name) => name !== '');
  return Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((other) => other === name).length]));
};

/** Number of attempts that each activity needed to succeed. */
export const attemptsOfSteps = async (temporal: TemporalClient, id: string): Promise<Record<string, number>> => {
  const { all, nameOf } = await activityEvents(temporal, id);
  return Object.fromEntries(
    all.flatMap(({ activityTaskStartedEventAttributes: started }) =>
      started ? [[nameOf.get(String(started.scheduledEventId)) ?? '', started.attempt ?? 0]] : [],
    ),
  );
};

import { checkSearchAttributes, registerSearchAttributes, searchAttributesError } from '../../temporal/search-attributes.js';
import { readSettings } from '../../settings/settings.js';
import { queuesOf } from '../../contract/names.js';
import { withTemporal } from '../publish/connect.js';
import { startWorkerHint, unpolledControl, unpolledSteps, unpolledText } from '../../temporal/workers.js';
import { joinSentences, type DoctorCheck } from './finding.js';

export const checkTemporal =
  (setup: boolean): DoctorCheck =>
  (context) =>
    withTemporal(context, async ({ connection, namespace, address }) => {
      if (setup) await registerSearchAttributes(connection, namespace);
      const problems = await checkSearchAttributes(connection, namespace);
      const message = `${address}, namespace ${namespace}`;
      if (problems.length === 0) return { check: 'temporal', verdict: 'ok', message };
      const error = searchAttributesError(problems, namespace);
      return { check: 'temporal', verdict: 'bad', message: error.message, ...(error.hint === undefined ? {} : { fix: error.hint }) };
    });

/** Checks that workers poll. Without workers a publish waits, and nothing is lost. */
export const checkWorkers: DoctorCheck = (context) =>
  withTemporal(context, async ({ client }) => {
    const { taskQueue } = readSettings(context.env);
    const { claims, light } = queuesOf(taskQueue);
    const missing = [await unpolledControl(client, taskQueue), await unpolledSteps(client, taskQueue, [claims, light])].filter(
      (unpolled) => unpolled !== null,
    );
    if (missing.length === 0) return { check: 'workers', verdict: 'ok', message: 'control and high-memory workers poll' };
    return {
      check: 'workers',
      verdict: 'warn',
      message: joinSentences(missing.map(unpolledText)),
      fix: missing.map((unpolled) => startWorkerHint(unpolled)).join('\n'),
    };
  });

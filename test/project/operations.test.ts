import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noopMetricMeter, type MetricMeter } from '@temporalio/common';
import { expect, it } from 'vitest';
import { projectRoot } from '../../dev/temporal/project.js';
import { LOG_FIELDS } from '../../worker/logging.js';
import { createMetrics } from '../../worker/observe/metrics.js';

const TEXT = await readFile(join(projectRoot(), 'docs', 'operations.md'), 'utf8');

/** Metric names as Prometheus shows them: the exporter appends suffixes for counters and units. */
const metricNames = (): string[] => {
  const names: string[] = [];
  const meter: MetricMeter = {
    createCounter: (name, ...rest) => (names.push(`${name}_total`), noopMetricMeter.createCounter(name, ...rest)),
    createHistogram: (name, type, unit) => (names.push(`${name}_${unit}`), noopMetricMeter.createHistogram(name, type, unit)),
    createGauge: (name, ...rest) => (names.push(name), noopMetricMeter.createGauge(name, ...rest)),
    withTags: () => meter,
  };
  createMetrics(meter);
  return names;
};

/** The code spans in the first column of the tables. */
const firstColumns = [...TEXT.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
  [...cell!.matchAll(/`([^`{]+)/g)].map(([, code]) => code!),
);

it.each(LOG_FIELDS)('the guide explains the log field %s', (field) => {
  expect(firstColumns).toContain(field);
});

it.each(metricNames())('the guide explains the metric %s', (name) => {
  expect(firstColumns).toContain(name);
});

it('the guide names no metric that does not exist', () => {
  const shown = new Set([...TEXT.matchAll(/\bswp_[a-z_]+/g)].map(([name]) => name));
  expect([...shown].filter((name) => !metricNames().includes(name))).toEqual([]);
});

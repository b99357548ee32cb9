import type { FleetTarget } from '../../../catalog/fleet.js';
import type { Hub } from '../../../hub/hub.js';
import type { FindingCode, FleetFinding } from '../../../plan/findings/finding.js';
import { shareOf, type Rotation } from '../../../plan/findings/share.js';
import { NOTHING_READ } from '../../../plan/read-back.js';
import { examinedFindings, examineOrReport, findingsOf } from './check-targets.js';

/** Findings about bytes. The nightly check covers findings about the Hub's listings. */
const BYTE_FINDINGS: ReadonlySet<FindingCode> = new Set(['bytes-differ', 'record-broken', 'unreadable']);

/** Progress of a run, complete enough to resume after a crash without reading anything again. */
export interface ReadBackState {
  /** Targets that are done. */
  readonly targets: readonly string[];
  /** Number of files that were read whole because they are due this week. */
  readonly files: number;
  /** Bytes read, from these files and from samples of the others. */
  readonly bytes: number;
  /** Total size of all files of the targets, in bytes. */
  readonly ofBytes: number;
  readonly findings: readonly FleetFinding[];
}

export interface ReadBackOptions extends Rotation {
  readonly publishers: readonly string[] | null;
  readonly from: ReadBackState;
  /** Called after each target. */
  readonly onDone: (read: ReadBackState) => void;
  readonly onProgress: (progress: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number }) => void;
}

/** Reads this week's files of each target whole and samples of the others, and compares them with the published digests. */
export const readBackTargets = async (
  hub: Hub,
  targets: readonly FleetTarget[],
  options: ReadBackOptions,
  signal: AbortSignal,
): Promise<ReadBackState> => {
  const { weeks, week, publishers, onProgress } = options;
  let read = options.from;
  const done = new Set(read.targets);
  for (const target of targets.filter((one) => !done.has(one.target))) {
    const examined = await examineOrReport(hub, target.target, {
      read: (_record, listed) => ({ paths: shareOf(target.target, listed, weeks, week) }),
      publishers,
      onProgress: ({ file, ...bytes }) => onProgress({ file: `${target.target}: ${file}`, ...bytes }),
      signal,
    });
    const findings = ('found' in examined ? examinedFindings(examined) : examined).filter(({ code }) => BYTE_FINDINGS.has(code));
    const { bytes, ofBytes, wholeFiles } = 'found' in examined && 'readBack' in examined.found ? examined.found.readBack : NOTHING_READ;
    read = {
      targets: [...read.targets, target.target],
      files: read.files + wholeFiles,
      bytes: read.bytes + bytes,
      ofBytes: read.ofBytes + ofBytes,
      findings: [...read.findings, ...findingsOf(target, findings)],
    };
    options.onDone(read);
  }
  return read;
};

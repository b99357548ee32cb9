import type { FleetTarget } from '../../../catalog/fleet.js';
import type { HubConfig } from '../../../hub/config.js';
import type { FindingCode, FleetFinding } from '../../../plan/findings/finding.js';
import { shareOf, type Rotation } from '../../../plan/findings/share.js';
import { NOTHING_READ } from '../../../plan/read-back.js';
import { examinedFindings, examineOrReport, placed } from './check-targets.js';

/** What stands between a file and its bytes. What the Hub lists is looked at each night. */
const OF_BYTES: ReadonlySet<FindingCode> = new Set(['bytes-differ', 'record-broken', 'unreadable']);

/** What was read so far: enough to go on after a crash without reading it again. */
export interface ReadSoFar {
  /** Those that are done. */
  readonly targets: readonly string[];
  /** Read whole, since it was their turn. */
  readonly files: number;
  /** Of them, and of samples of the others. */
  readonly bytes: number;
  /** Of all files of the targets. */
  readonly ofBytes: number;
  readonly findings: readonly FleetFinding[];
}

export interface ReadBackOptions extends Rotation {
  readonly publishers: readonly string[] | null;
  readonly from: ReadSoFar;
  /** Told after each target. */
  readonly onDone: (read: ReadSoFar) => void;
  readonly onProgress: (progress: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number }) => void;
}

/** Reads this week's files of each target whole and samples of the others, and compares them with what was published. */
export const readBackTargets = async (
  hub: HubConfig,
  targets: readonly FleetTarget[],
  options: ReadBackOptions,
  signal: AbortSignal,
): Promise<ReadSoFar> => {
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
    const findings = ('found' in examined ? examinedFindings(examined) : examined).filter(({ code }) => OF_BYTES.has(code));
    const { bytes, ofBytes, wholeFiles } = 'found' in examined && 'readBack' in examined.found ? examined.found.readBack : NOTHING_READ;
    read = {
      targets: [...read.targets, target.target],
      files: read.files + wholeFiles,
      bytes: read.bytes + bytes,
      ofBytes: read.ofBytes + ofBytes,
      findings: [...read.findings, ...placed(target, findings)],
    };
    options.onDone(read);
  }
  return read;
};

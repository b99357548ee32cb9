/** The progress of an extraction, from larql's output. */
export interface LarqlProgress {
  /** The stage in larql's terms: `gate_vectors`, `down_meta`, `model_weights_q4k`. */
  readonly stage: string;
  /** Finished layers of this stage, if the stage has layers. */
  readonly layersDone: number;
  readonly layers: number;
  /** Estimated seconds until the stage ends, at the rate so far; null before there is an estimate. */
  readonly secondsLeft: number | null;
}

/** The forms of larql's lines: a headline of a stage, a finished layer of a component, a finished stage. */
export const STAGE = /^── (\S+) ──$/;
export const LAYER = /^ {2}(\S+) L\s*(\d+): ([\d.]+)s$/;
export const DONE = /^ {2}(\w+): ([\d.]+)s$/;

/** After the last weights, larql computes checksums and prints nothing for minutes. */
const WEIGHTS = /^model_weights/;
export const CHECKSUMS = 'checksums';

/** Reads the progress from larql's standard error, line by line; ignores all other lines. */
export class ProgressReader {
  private stage = 'starting';
  private done = new Set<number>();
  private seconds: number[] = [];

  /** @param layers the number of layers of the model, which larql does not print */
  constructor(private readonly layers: number) {}

  /** Reads a line; returns true if it reports progress. */
  read(line: string): boolean {
    const [, stage] = STAGE.exec(line) ?? [];
    if (stage !== undefined) return this.enter(stage);
    const [, , layer, seconds] = LAYER.exec(line) ?? [];
    if (layer !== undefined) {
      this.done.add(Number(layer));
      this.seconds.push(Number(seconds));
      return true;
    }
    const [, ended] = DONE.exec(line) ?? [];
    if (ended === undefined) return false;
    return WEIGHTS.test(ended) ? this.enter(CHECKSUMS) : true;
  }

  get progress(): LarqlProgress {
    const { stage, layers, seconds } = this;
    const layersDone = Math.min(this.done.size, layers);
    const total = seconds.reduce((sum, one) => sum + one, 0);
    const secondsLeft = layersDone === 0 || total === 0 ? null : Math.round((total / seconds.length) * (layers - layersDone));
    return { stage, layersDone, layers, secondsLeft };
  }

  private enter(stage: string): boolean {
    this.stage = stage;
    this.done = new Set();
    this.seconds = [];
    return true;
  }
}

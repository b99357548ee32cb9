/** How far an extraction is, by what larql says of it. */
export interface LarqlProgress {
  /** As larql names it: `gate_vectors`, `down_meta`, `model_weights_q4k`. */
  readonly stage: string;
  /** Layers of this stage that are done, where it goes by layers. */
  readonly layersDone: number;
  readonly layers: number;
  /** Seconds that the rest of the stage will take at the pace so far; null before that can be said. */
  readonly secondsLeft: number | null;
}

const STAGE = /^── (\S+) ──$/;
const LAYER = /^ {2}(\S+) L\s*(\d+): ([\d.]+)s$/;
const DONE = /^ {2}(\w+): ([\d.]+)s$/;

/** After the last weights come the checksums, of which larql says nothing for minutes (`larql.md` §1.4). */
const WEIGHTS = /^model_weights/;
export const CHECKSUMS = 'checksums';

/** Reads larql's standard error, line by line. Lines that say nothing of progress change nothing. */
export class ProgressReader {
  private stage = 'starting';
  private done = new Set<number>();
  private seconds: number[] = [];

  /** @param layers of the model, which larql does not say */
  constructor(private readonly layers: number) {}

  /** Takes a line; answers true when it said something. */
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

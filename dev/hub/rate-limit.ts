import type { Clock } from '../../core/machine.js';
export type LimitName = 'api' | 'resolvers';

interface LimitState {
  readonly exceeded: boolean;
  readonly quota: number;
  /** `RateLimit` and `RateLimit-Policy`, as the Hub sends them with every response. */
  readonly headers: Readonly<Record<string, string>>;
}

interface LimitSettings {
  readonly api: number;
  readonly resolvers: number;
  readonly windowSeconds: number;
}

/** Counts requests per token in fixed windows (hub-docs `rate-limits.md`). */
export class RateLimiter {
  private readonly windows = new Map<string, { startedAt: number; used: number }>();

  constructor(
    private readonly settings: LimitSettings,
    private readonly clock: Clock,
  ) {}

  take(name: LimitName, authorization: string): LimitState {
    const { windowSeconds } = this.settings;
    const quota = this.settings[name];
    const key = `${name} ${authorization}`;
    const at = this.clock.now();
    let window = this.windows.get(key);
    if (window === undefined || at - window.startedAt >= windowSeconds * 1000) {
      window = { startedAt: at, used: 0 };
      this.windows.set(key, window);
    }
    window.used += 1;
    const remaining = Math.max(0, quota - window.used);
    const seconds = Math.max(1, Math.ceil((window.startedAt + windowSeconds * 1000 - at) / 1000));
    return {
      exceeded: window.used > quota,
      quota,
      headers: {
        RateLimit: `"${name}";r=${remaining};t=${seconds}`,
        'RateLimit-Policy': `"fixed window";"${name}";q=${quota};w=${windowSeconds}`,
      },
    };
  }
}

import { sameRepo } from '../../core/ids.js';
import type { Exchange } from '../../dev/hub/index.js';
import type { Repos } from './scenario.js';

/** The repository that an exchange is about; null for no repository. */
export type Role = 'source' | 'target' | null;

/** One exchange of a publish, with a name that is the same in every run of its scenario. */
export interface Place {
  /** `part target 3 of 1f2e3d4c5b6a #1`: operation, repository, part, file or object, and occurrence. */
  readonly name: string;
  readonly operation: Exchange['operation'];
  readonly role: Role;
}

export const roleOf = ({ repo }: Exchange, { source, target }: Repos): Role => {
  if (repo === undefined) return null;
  if (sameRepo(repo, source)) return 'source';
  return sameRepo(repo, target) ? 'target' : null;
};

/** Returns true for two exchanges of one operation on the same repository. */
export const isSameOperation = (one: Place, other: Place): boolean => one.operation === other.operation && one.role === other.role;

/** Names exchanges in the order in which they arrive. */
export class Numbering {
  /** @param seen occurrences so far, by name */
  constructor(
    private readonly repos: Repos,
    private readonly seen = new Map<string, number>(),
  ) {}

  /** Returns a numbering that goes on from here, independently of this one. */
  copy(): Numbering {
    return new Numbering(this.repos, new Map(this.seen));
  }

  next(exchange: Exchange): Place {
    const { operation, part, file, oid } = exchange;
    const role = roleOf(exchange, this.repos);
    const subject = file ?? oid?.slice(0, 12);
    const base = [
      operation,
      ...(role === null ? [] : [role]),
      ...(part === undefined ? [] : [String(part)]),
      ...(subject === undefined ? [] : [`of ${subject}`]),
    ].join(' ');
    const occurrence = (this.seen.get(base) ?? 0) + 1;
    this.seen.set(base, occurrence);
    return { name: `${base} #${occurrence}`, operation, role };
  }
}

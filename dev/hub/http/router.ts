import type { Operation } from '../operations.js';
import type { RequestContext } from './context.js';
import { refuse, type Reply } from './reply.js';

export interface Route {
  readonly operation: Operation;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/api/:name/*`: a name matches one segment, the star matches the rest (parameter `rest`). */
  readonly path: string;
  /** `signed` routes are authorized by their address and refuse an Authorization header; other routes take a token. */
  readonly guard: 'token' | 'signed';
  readonly limit?: 'resolvers';
  readonly handle: (context: RequestContext) => Promise<Reply>;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

const compile = (path: string): RegExp => {
  const source = path
    .replaceAll('.', String.raw`\.`)
    .replace(/:(\w+)/g, '(?<$1>[^/]+)')
    .replace('/*', '(?:/(?<rest>.*))?');
  return new RegExp(`^${source}$`);
};

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(400, 'Malformed percent-encoding in the path');
  }
};

/** Returns a function that finds the route of a method and a raw path, with decoded parameters. HEAD uses the routes of GET. */
export const createRouter = (routes: readonly Route[]): ((method: string, path: string) => Match | undefined) => {
  const compiled = routes.map((route) => ({ route, pattern: compile(route.path) }));
  return (method, path) => {
    const wanted = method === 'HEAD' ? 'GET' : method;
    for (const { route, pattern } of compiled) {
      if (route.method !== wanted) continue;
      const match = pattern.exec(path);
      if (match === null) continue;
      const groups = Object.entries(match.groups ?? {}) as [string, string | undefined][];
      return { route, params: Object.fromEntries(groups.map(([name, value]) => [name, decode(value ?? '')])) };
    }
    return undefined;
  };
};

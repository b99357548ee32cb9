import { z } from 'zod';
import { parseCard } from '../card-metadata.js';
import { readJson } from '../http/body.js';
import { json, refuse } from '../http/reply.js';
import type { Route } from '../http/router.js';

const whoami: Route = {
  operation: 'whoami',
  method: 'GET',
  path: '/api/whoami-v2',
  guard: 'token',
  handle: async ({ identity }) => {
    if (identity === undefined) throw refuse(401, 'Invalid username or password.');
    const { user, orgs, role } = identity;
    return json(200, {
      type: 'user',
      id: Buffer.from(user).toString('hex').padEnd(24, '0').slice(0, 24),
      name: user,
      fullname: user,
      email: `${user}@example.org`,
      emailVerified: true,
      canPay: false,
      isPro: false,
      periodEnd: null,
      avatarUrl: '',
      orgs: orgs.map((name) => ({
        type: 'org',
        id: Buffer.from(name).toString('hex').padEnd(24, '0').slice(0, 24),
        name,
        fullname: name,
        isEnterprise: false,
        canPay: false,
        avatarUrl: '',
        roleInOrg: role,
      })),
      auth: {
        type: 'access_token',
        accessToken: { displayName: 'local', role, createdAt: new Date(0).toISOString() },
      },
    });
  },
};

const EMPTY_CARD = 'empty or missing yaml metadata in repo card (https://huggingface.co/docs/hub/model-cards#model-card-metadata)';

const validateYaml: Route = {
  operation: 'validate-yaml',
  method: 'POST',
  path: '/api/validate-yaml',
  guard: 'token',
  handle: async ({ body }) => {
    const { content } = await readJson(body, z.object({ content: z.string(), repoType: z.string().default('model') }));
    const { data, errors } = parseCard(content);
    const warnings = data === undefined && errors.length === 0 ? [{ message: EMPTY_CARD }] : [];
    return json(errors.length === 0 ? 200 : 400, { errors: errors.map((message) => ({ message })), warnings });
  },
};

export const accountRoutes: readonly Route[] = [whoami, validateYaml];

import { defineConfig } from 'vitest/config';
import { room } from './rooms.mjs';

export default defineConfig({ test: { include: room().tests, exclude: ['**/*.long.test.ts'], testTimeout: 120_000 } });

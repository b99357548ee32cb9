import { defineConfig } from 'vitest/config';
import { selectedModule } from './modules.mjs';

export default defineConfig({ test: { include: selectedModule().tests, exclude: ['**/*.long.test.ts'], testTimeout: 120_000 } });

/** The code in which tests must notice every change, and the tests that run. Paths are globs below the project. */
export const MODULES = {
  plan: {
    mutate: ['core/digests.ts', 'plan/{approval,decision,manifest,target-operations,provenance}.ts'],
    tests: [
      'test/plan/{approval*,collection,decision,manifest,plan-mtp,plan-vision,provenance*,render,reviewer,target-operations}.test.ts',
    ],
  },
  'formats/safetensors': {
    mutate: ['formats/safetensors/*.ts'],
    tests: ['test/formats/{header,index-file,json-members,write,ranges,fuzz}.test.ts'],
  },
  'formats/numbers': {
    mutate: ['formats/numbers/*.ts'],
    tests: ['test/formats/decode.test.ts'],
  },
  'hub/write': {
    mutate: ['hub/write/{commit,part-journal,send-object,send-read-once}.ts'],
    tests: ['test/hub/*.test.ts'],
  },
};

/** The module of this run, named by `SWP_MUTATION`. */
export const selectedModule = () => {
  const name = process.env['SWP_MUTATION'] ?? '';
  if (!(name in MODULES)) throw new Error(`SWP_MUTATION names one of ${Object.keys(MODULES).join(', ')}, not "${name}".`);
  return MODULES[name];
};

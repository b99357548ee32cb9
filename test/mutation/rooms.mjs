/** The code in which tests must notice every change, and the tests that run. Paths are globs below the project. */
export const ROOMS = {
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

/** The room of this run, named by `SWP_MUTATION`. */
export const room = () => {
  const name = process.env['SWP_MUTATION'] ?? '';
  if (!(name in ROOMS)) throw new Error(`SWP_MUTATION names one of ${Object.keys(ROOMS).join(', ')}, not "${name}".`);
  return ROOMS[name];
};

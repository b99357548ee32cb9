import { join } from 'node:path';
import { z } from 'zod';
import { KeyedMutex } from '../../../core/keyed-mutex.js';
import type { Machine } from '../../../core/machine.js';
import { ifExists, readJsonFile, type TemporaryFiles } from './files.js';

const Item = z.object({ itemId: z.string(), type: z.string(), id: z.string(), note: z.string().optional() });

const Collection = z.object({
  slug: z.string(),
  title: z.string(),
  owner: z.string(),
  description: z.string(),
  private: z.boolean(),
  lastUpdated: z.number(),
  items: z.array(Item),
});
export type Collection = z.infer<typeof Collection>;

type NewCollection = Pick<Collection, 'title' | 'owner' | 'description' | 'private'>;

/** A slug becomes a file name, so no other string may match. */
const SLUG = /^[A-Za-z0-9][\w.-]*\/[\w-]+$/;

export class CollectionStore {
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly machine: Machine,
    private readonly directory: string,
    private readonly temporary: TemporaryFiles,
  ) {}

  async list(): Promise<Collection[]> {
    const { files } = this.machine;
    const names = (await ifExists(files.readdir(this.folder()))) ?? [];
    const all = await Promise.all(names.map((name) => readJsonFile(files, join(this.folder(), name), Collection)));
    return all.filter((collection) => collection !== undefined).toSorted((a, b) => b.lastUpdated - a.lastUpdated);
  }

  async find(slug: string): Promise<Collection | undefined> {
    return SLUG.test(slug) ? readJsonFile(this.machine.files, this.path(slug), Collection) : undefined;
  }

  /** Creates a collection, or returns the existing one of that owner with that title. */
  async create(wanted: NewCollection): Promise<{ readonly created: boolean; readonly collection: Collection }> {
    return this.mutex.run('create', async () => {
      const same = (await this.list()).find(({ owner, title }) => owner === wanted.owner && title === wanted.title);
      if (same !== undefined) return { created: false, collection: same };
      const words = wanted.title
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '');
      const slug = `${wanted.owner}/${words}-${this.machine.random.hex(12)}`;
      const collection = { ...wanted, slug, lastUpdated: this.machine.clock.now(), items: [] };
      await this.machine.files.mkdir(this.folder(), { recursive: true });
      await this.write(collection);
      return { created: true, collection };
    });
  }

  /** Replaces the items with the result of `change`; keeps them if `change` returns undefined. */
  async changeItems(
    slug: string,
    change: (items: Collection['items']) => Collection['items'] | undefined,
  ): Promise<Collection | undefined> {
    return this.mutex.run(slug, async () => {
      const collection = await this.find(slug);
      const items = collection === undefined ? undefined : change(collection.items);
      if (collection === undefined || items === undefined) return undefined;
      const updated = { ...collection, items, lastUpdated: this.machine.clock.now() };
      await this.write(updated);
      return updated;
    });
  }

  private async write(collection: Collection): Promise<void> {
    await this.temporary.writeAtomic(this.path(collection.slug), JSON.stringify(collection));
  }

  private folder(): string {
    return join(this.directory, 'collections');
  }

  private path(slug: string): string {
    return join(this.folder(), `${slug.replace('/', '@')}.json`);
  }
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser, type FrameLocator, type Locator, type Page } from 'playwright-core';

const NAMESPACE = 'default';

/** Temporal's Web UI in a headless browser, used as a person uses it. */
export class WebUi {
  /** Requests of the page to addresses outside of this machine; our content must cause none. */
  readonly outside: string[] = [];

  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
    private readonly url: string,
  ) {
    page.on('request', (request) => {
      if (new URL(request.url()).hostname !== new URL(url).hostname) this.outside.push(request.url());
    });
  }

  static async open(executablePath: string, url: string): Promise<WebUi> {
    // Containers often have no sandbox, and the page is our own.
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.setDefaultTimeout(20_000);
    return new WebUi(browser, page, url);
  }

  close(): Promise<void> {
    return this.browser.close();
  }

  /** Opens the list of workflows that match a query. */
  async list(query: string): Promise<void> {
    await this.page.goto(`${this.url}/namespaces/${NAMESPACE}/workflows?query=${encodeURIComponent(query)}`);
  }

  /** Opens a tab of a workflow's page. */
  async workflow(id: string, runId: string, tab: 'user-metadata' | 'history' | 'pending-activities' = 'user-metadata'): Promise<void> {
    await this.page.goto(`${this.url}/namespaces/${NAMESPACE}/workflows/${encodeURIComponent(id)}/${runId}/${tab}`);
  }

  /** Waits until the current details contain a text. The UI renders their Markdown in a frame. */
  async details(text: string | RegExp): Promise<FrameLocator> {
    const frame = this.page.frameLocator('iframe').last();
    await frame.getByText(text).first().waitFor();
    return frame;
  }

  /** Sends a signal or an update by its form. The form stays open if the message is refused. */
  async send(kind: 'Signal' | 'Update', name: string, message: unknown): Promise<Locator> {
    await this.page.getByRole('button', { name: 'More Actions' }).click();
    await this.page.getByRole('menuitem', { name: kind === 'Signal' ? 'Send a Signal' : 'Send an Update' }).click();
    const form = this.page.getByRole('dialog').filter({ visible: true });
    await form.locator(`xpath=.//input[@id="${kind.toLowerCase()}-select"]/ancestor::*[1]`).click();
    await this.page
      .getByRole('option')
      .filter({ hasText: new RegExp(`^\\s*${name}\\b`) })
      .click();
    await this.type(form, message);
    return form;
  }

  /** Puts other data into an open form and submits it. */
  async type(form: Locator, message: unknown): Promise<void> {
    await form.getByRole('textbox', { name: 'Data' }).click();
    await this.page.keyboard.press('Control+A');
    // Formatted as in the details: with shorter text the form changes its layout, and the button moves away.
    await this.page.keyboard.insertText(JSON.stringify(message, null, 2));
    await form.getByRole('button', { name: 'Submit' }).click();
  }

  /** Presses a button of the page, and then the button of the same name in the confirmation dialog. */
  async confirm(name: string): Promise<void> {
    await this.page.getByRole('button', { name, exact: true }).click();
    await this.page.getByRole('dialog').filter({ visible: true }).getByRole('button', { name, exact: true }).click();
  }

  /** Saves a screenshot for the guides if `SWP_SCREENSHOTS` names a directory. */
  async shot(name: string): Promise<void> {
    const directory = process.env['SWP_SCREENSHOTS'];
    if (directory === undefined || directory === '') return;
    await mkdir(directory, { recursive: true });
    await this.page.screenshot({ path: join(directory, `${name}.png`) });
  }
}

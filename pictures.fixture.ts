/** Pictures of pages under test, for people to look at. */
import { join } from 'node:path';

interface Page {
  screenshot(options: { path: string; fullPage: boolean }): Promise<unknown>;
}

const folder = process.env.CHORUS_PICTURES;

/** Saves a picture of the whole page in the folder CHORUS_PICTURES; without the variable, it does nothing. */
export async function savePicture(page: Page, name: string): Promise<void> {
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

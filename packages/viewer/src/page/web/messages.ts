// What the page says where there is no picture.

/** Why there is none. */
export type Absence = 'connecting' | 'gone' | 'lost' | 'refused' | 'none';

/** A heading, and what happens next. */
export const MESSAGES: Readonly<Record<Absence, readonly [string, string]>> = {
  connecting: ['Connecting…', ''],
  gone: ['The device is gone', 'Its picture comes back by itself when it is started again.'],
  lost: ['Nobody answers', 'vfio-ts has ended, or cannot be reached. Trying again…'],
  refused: [
    'This address is not complete',
    'Open the address that vfio-ts printed, with the token at its end.',
  ],
  none: [
    'No device has a picture',
    'Start one and it appears here: vfio-ts serve mdpy-sample:mdpy-xga',
  ],
};

/** Writes one. */
export function say(view: HTMLElement, absence: Absence): void {
  const [heading, next] = MESSAGES[absence];
  view.dataset['state'] = absence;
  part(view, 'h2').textContent = heading;
  part(view, '.message p').textContent = next;
}

/** A part of the page that is always there. */
export function part(within: ParentNode, selector: string): HTMLElement {
  const found = within.querySelector(selector);
  if (found instanceof HTMLElement) return found;
  throw new Error(`the page has no ${selector}`);
}

/** A copy of a template. */
export function copyOf(template: string): HTMLElement {
  const found = document.getElementById(template);
  const first = found instanceof HTMLTemplateElement ? found.content.firstElementChild : undefined;
  const copy = first?.cloneNode(true);
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`the page has no template ${template}`);
}

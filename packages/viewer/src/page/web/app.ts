// The page: one picture, or a wall of them.

import { addressOf, wanted } from './address.ts';
import { listDevices, type Device, type Listing } from './devices.ts';
import { copyOf, part, say, type Absence } from './messages.ts';
import { View, type ViewFacts } from './view.ts';

/** Milliseconds between two questions for the list. */
const LIST_INTERVAL = 1500;
/** Frames a second of a picture on the wall. */
const WALL_RATE = 8;

const main = part(document, '#main');
const heading = part(document, '#name');
const facts = part(document, '#facts');
const full = part(document, '#full');
const back = part(document, '#back');

/** What is on the page now, so that it is made anew only when something else is to be. */
let shown = '';
let views: View[] = [];

function clear(now: string): boolean {
  if (now === shown) return false;
  shown = now;
  for (const view of views) view.close();
  views = [];
  main.replaceChildren();
  tell({ isLive: false, text: '' });
  return true;
}

function tell({ isLive, text }: ViewFacts): void {
  facts.dataset['state'] = isLive ? 'live' : 'away';
  facts.textContent = text;
}

function showMessage(absence: Absence): void {
  full.hidden = true;
  back.hidden = true;
  heading.textContent = 'vfio-ts';
  document.title = 'vfio-ts';
  if (!clear(`message ${absence}`)) return;
  const view = copyOf('view');
  say(view, absence);
  main.append(view);
}

function showOne({ id, name }: Device, isOnly: boolean): void {
  const { token } = wanted();
  full.hidden = false;
  back.hidden = isOnly;
  back.setAttribute('href', addressOf(token));
  heading.textContent = name;
  document.title = `${name} – vfio-ts`;
  if (!clear(`one ${id}`)) return;
  const view = new View({ token, device: id, onFacts: tell });
  views = [view];
  main.append(view.element);
}

function showWall(devices: readonly Device[]): void {
  full.hidden = true;
  back.hidden = true;
  heading.textContent = `${devices.length} devices`;
  document.title = `${devices.length} devices – vfio-ts`;
  if (!clear(`wall ${JSON.stringify(devices)}`)) return;
  const { token } = wanted();
  const wall = document.createElement('div');
  wall.className = 'wall';
  for (const { id, name } of devices) {
    const card = copyOf('card');
    card.setAttribute('href', addressOf(token, id));
    part(card, 'strong').textContent = name;
    const onFacts = ({ isLive, text }: ViewFacts): void => {
      card.dataset['state'] = isLive ? 'live' : 'away';
      part(card, 'span').textContent = text;
    };
    const view = new View({ token, device: id, rate: WALL_RATE, onFacts });
    views.push(view);
    card.prepend(view.element);
    wall.append(card);
  }
  main.append(wall);
}

function show(listing: Listing): void {
  if (listing.tag === 'refused') showMessage('refused');
  else if (listing.tag === 'away') {
    // What is there says itself that nobody answers.
    if (views.length === 0) showMessage('lost');
  } else {
    const { devices } = listing;
    const { device } = wanted();
    const [first] = devices;
    const chosen = devices.find(({ id }) => id === device);
    if (chosen !== undefined) showOne(chosen, devices.length === 1);
    else if (device !== undefined && devices.length > 0) showMessage('gone');
    else if (first === undefined) showMessage('none');
    else if (devices.length === 1) showOne(first, true);
    else showWall(devices);
  }
}

async function refresh(): Promise<void> {
  show(await listDevices(wanted().token));
}

function toggleFull(): void {
  const [view] = views;
  if (view === undefined || full.hidden) return;
  if (document.fullscreenElement === null) void view.element.requestFullscreen();
  else void document.exitFullscreen();
}

full.addEventListener('click', toggleFull);
main.addEventListener('dblclick', toggleFull);
document.addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey }) => {
  if (ctrlKey || metaKey || altKey) return;
  if (key === 'f') toggleFull();
  else if (key === 'Escape' && !back.hidden) location.hash = addressOf(wanted().token);
});
addEventListener('hashchange', () => void refresh());
setInterval(() => void refresh(), LIST_INTERVAL);
void refresh();

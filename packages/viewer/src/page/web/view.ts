// One picture on the page, from the first connection to the last; connections come and go.

import { connect, type Connection } from './connection.ts';
import { copyOf, part, say } from './messages.ts';
import { loadRfb, openRfb, type Rfb } from './novnc.ts';

/** What there is to say of a picture. */
export interface ViewFacts {
  readonly isLive: boolean;
  /** In words. */
  readonly text: string;
}

/** What a view shows. */
export interface ViewOptions {
  readonly token: string;
  readonly device: string;
  /** Frames a second at most; as many as there are when left out. */
  readonly rate?: number;
  /** Called about once a second, and when something else has changed. */
  readonly onFacts: (facts: ViewFacts) => void;
}

const FIRST_RETRY = 200;
const LAST_RETRY = 2000;
const SECOND = 1000;
/** As fast as can be on this machine; anywhere else the way is what is slow. */
const NO_COMPRESSION = 0;
const SOME_COMPRESSION = 6;

/** A picture. */
export class View {
  readonly element: HTMLElement = copyOf('view');
  readonly #options: ViewOptions;
  readonly #stage: HTMLElement = part(this.element, '.stage');
  readonly #ticks: ReturnType<typeof setInterval>;
  #rfb: Rfb | undefined;
  #connection: Connection | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #delay = FIRST_RETRY;
  #counted = 0;
  /** Frames of the last second; `undefined` in the first. */
  #rate: number | undefined = undefined;
  #isClosed = false;

  constructor(options: ViewOptions) {
    this.#options = options;
    say(this.element, 'connecting');
    this.#ticks = setInterval(() => this.#count(), SECOND);
    void this.#connect();
  }

  /** Ends the connection. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ticks);
    clearTimeout(this.#retry);
    this.#rfb?.disconnect();
    this.element.remove();
  }

  async #connect(): Promise<void> {
    const Rfb = await loadRfb();
    if (this.#isClosed) return;
    const { token, device, rate } = this.#options;
    const connection = connect(token, device, rate);
    const rfb = openRfb(Rfb, this.#stage, connection.socket);
    rfb.viewOnly = true;
    rfb.scaleViewport = true;
    rfb.background = 'transparent';
    rfb.compressionLevel = isHere() ? NO_COMPRESSION : SOME_COMPRESSION;
    rfb.addEventListener('connect', () => this.#connected(connection));
    rfb.addEventListener('disconnect', () => this.#disconnected(rfb, connection));
    this.#rfb = rfb;
  }

  #connected(connection: Connection): void {
    this.#connection = connection;
    this.#counted = 0;
    this.#rate = undefined;
    this.#delay = FIRST_RETRY;
    this.element.dataset['state'] = 'live';
    this.#tell();
  }

  #disconnected(rfb: Rfb, connection: Connection): void {
    if (this.#isClosed || this.#rfb !== rfb) return;
    if (this.#connection === connection) this.#keep(rfb);
    this.#connection = undefined;
    say(this.element, connection.isGone() ? 'gone' : 'lost');
    this.#tell();
    this.#retry = setTimeout(() => void this.#connect(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LAST_RETRY);
  }

  /** Leaves the last picture behind the message. */
  #keep(rfb: Rfb): void {
    const last = this.element.querySelector('canvas.last');
    if (!(last instanceof HTMLCanvasElement)) return;
    const picture = rfb.getImageData();
    last.width = picture.width;
    last.height = picture.height;
    last.getContext('2d')?.putImageData(picture, 0, 0);
  }

  #count(): void {
    const updates = this.#connection?.updates() ?? 0;
    this.#rate = Math.max(0, updates - this.#counted);
    this.#counted = updates;
    this.#tell();
  }

  #tell(): void {
    this.#options.onFacts({ isLive: this.#connection !== undefined, text: this.#facts() });
  }

  #facts(): string {
    if (this.#connection === undefined) return part(this.element, 'h2').textContent ?? '';
    const canvas = this.#stage.querySelector('canvas');
    if (canvas === null) return '';
    const size = `${canvas.width} × ${canvas.height}`;
    if (this.#rate === undefined) return size;
    return `${size} · ${this.#rate === 0 ? 'still' : `${this.#rate} frames/s`}`;
  }
}

function isHere(): boolean {
  return /^(?:127\.|localhost$|\[::1\]$)/u.test(location.hostname);
}

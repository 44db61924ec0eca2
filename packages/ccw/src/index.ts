export * from './architecture/index.ts';

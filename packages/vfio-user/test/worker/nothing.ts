export const device = 'not what is looked for';

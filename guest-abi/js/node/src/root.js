// Where relative paths begin, for packages that ask process.cwd().
export const ROOT = () => "/";

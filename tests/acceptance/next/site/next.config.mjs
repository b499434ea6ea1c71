export default { pageExtensions: ['mjs'], turbopack: { root: process.env.TURBOPACK_ROOT } }

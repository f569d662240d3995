add("/cart", cart)
add("/help", help)
add("/item", item)
add("/shop", shop)

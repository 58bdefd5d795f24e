/// The names that columns have in common exports, as they are compared: lower case, without blanks, `_` and `-`.
enum ColumnNames {
    /// By role, the surest names first. Where a file has columns of two entries, the earlier entry is taken; where it has two
    /// of one entry, they are the same thing and the file is refused.
    static func entries(for role: ColumnRole) -> [[String]] {
        switch role {
        case .customer:
            [
                ["customeruniqueid"], ["customerid"], ["customeruserid"], ["customeruser"], ["customerno"],
                ["customernumber"], ["customercode"], ["customerkey"], ["customerref"], ["custid"], ["custno"],
                ["clientid"], ["userid"], ["buyerid"], ["memberid"], ["accountid"], ["shopperid"], ["contactid"],
                ["cardholderid"], ["customerreference"], ["customerreferenceid"], ["customeremail"],
                ["customeremailaddress"], ["billingemail"], ["billingemailaddress"], ["email(billing)"],
                ["emailaddress"],
                ["email"], ["customer"], ["client"], ["buyer"],
            ]
        case .date:
            [
                ["invoicedate"], ["orderpurchasetimestamp"], ["orderdate"], ["orderdatetime"], ["ordercreatedat"],
                ["orderedat"], ["ordertimestamp"], ["orderdategmt"], ["purchasedate"], ["purchasedat"],
                ["transactiondate"], ["transactiondatetime"], ["transactiontime"], ["saledate"], ["salesdate"],
                ["createdat"], ["created(utc)"], ["createddate(utc)"], ["createdate"], ["createddate"], ["datecreated"],
                ["datecreatedgmt"], ["invoicedatetime"], ["invoicetimestamp"], ["datetime"], ["timestamp"], ["date"],
                ["created"], ["paidat"], ["datepaid"],
            ]
        case .time: times.map { [$0] }
        case .invoice:
            [
                ["invoiceno", "invoice"], ["invoiceid"], ["invoicenumber"], ["orderid"], ["orderno"], ["ordernumber"],
                ["order#"], ["ordername"], ["incrementid"], ["orderincrementid"], ["transactionid"],
                ["transactionno"], ["transactionnumber"], ["receiptid"], ["receiptno"], ["receiptnumber"], ["basketid"],
                ["basket"], ["billno"], ["ticketid"], ["saleid"], ["paymentid"], ["chargeid"], ["paymentintentid"],
                ["order"],
            ]
        case .product:
            [
                ["stockcode"], ["productid"], ["productcode"], ["sku"], ["productsku"], ["itemsku"], ["lineitemsku"],
                ["variantsku"], ["itemid"], ["itemcode"], ["itemno"], ["itemnumber"], ["articleid"], ["articleno"],
                ["articlenumber"], ["productno"], ["productnumber"], ["variantid"], ["productkey"], ["lineitemname"],
                ["productname"], ["productname(main)"], ["itemname"], ["product"], ["item"], ["article"],
            ]
        case .quantity:
            [
                ["quantity"], ["qty"], ["qtyordered"], ["lineitemquantity"], ["itemquantity"], ["orderquantity"],
                ["orderitemquantity"], ["orderqty"], ["quantityordered"], ["quantity(refund)"], ["productquantity"],
                ["units"], ["unitssold"], ["pieces"],
            ]
        case .price:
            [
                ["unitprice", "price"], ["lineitemprice"], ["itemprice"], ["itemcost"], ["priceeach"], ["priceperunit"],
                ["pricepaid"], ["sellingprice"], ["saleprice"], ["productprice"], ["baseprice"], ["originalprice"],
            ]
        case .amount: lineTotals + orderTotals.map { [$0] }
        case .country:
            [
                ["country"], ["billingcountry"], ["shippingcountry"], ["countryid"], ["countrycode"],
                ["customercountry"],
                ["countryname"], ["countrycode(billing)"], ["countryname(billing)"], ["country/region"],
                ["cardaddresscountry"],
            ]
        case .status:
            [
                ["status"], ["orderstatus"], ["financialstatus"], ["paymentstatus"], ["transactionstatus"],
                ["invoicestatus"], ["eventtype"],
            ]
        case .currency: [["currency"], ["currencycode"], ["ordercurrency"], ["ordercurrencycode"]]
        case .description:
            [
                ["description"], ["productname"], ["productname(main)"], ["lineitemname"], ["itemname"],
                ["productdescription"],
                ["itemdescription"], ["product"], ["item"],
            ]
        }
    }

    /// Of amounts in the shop's own currency, whatever that of the order is.
    static let ownCurrencyPrefixes = ["base", "converted"]

    private static let times = [
        "time", "invoicetime", "ordertime", "saletime", "purchasetime", "timeofday", "timeofsale", "timeoforder",
    ]

    private static let lineTotals = [
        ["lineamount"], ["linetotal"], ["lineitemtotal"], ["itemtotal"], ["rowtotal"], ["extendedprice"], ["lineprice"],
        ["lineitemamount"], ["itemamount"], ["orderlinetotal"], ["orderitemtotal"], ["itemrevenue"], ["linerevenue"],
        ["netsales"], ["grosssales"], ["salesamount"], ["saleamount"], ["totalprice"], ["amount"], ["revenue"],
        ["sales"],
        ["spend"], ["turnover"],
    ]

    /// Of an order: taken where the lines are orders, refused where they are products.
    static let orderTotals = [
        "ordertotal", "ordertotalamount", "orderamount", "ordervalue", "invoicetotal", "invoiceamount", "grandtotal",
        "basegrandtotal", "paymentvalue", "totalamount", "totalpaid", "amountpaid", "transactionamount",
        "totalcollected", "total", "subtotal",
    ]

    /// A name in the form in which names are compared.
    static func compared(_ name: String) -> String {
        String(name.lowercased().filter { !$0.isWhitespace && $0 != "_" && $0 != "-" })
    }
}
